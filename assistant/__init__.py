"""ShopTalk's assistant: one utterance in, one reply with evidence out."""
