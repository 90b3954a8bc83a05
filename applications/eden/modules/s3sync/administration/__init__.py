"""What administrators do with the exchange, without a screen: repositories and their resources."""
