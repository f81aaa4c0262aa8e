"""What other people's programs build on: interfaces of the deployed contracts, and examples that use them."""
