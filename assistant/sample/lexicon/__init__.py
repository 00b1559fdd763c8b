"""Words and figures the sample store is made of; edit them and generate again."""
