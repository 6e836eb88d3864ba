"""What is proved: gadgets that lower a model and a claim to the relation language."""
