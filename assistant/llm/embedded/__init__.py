"""The language model that ships with ShopTalk."""
