"""The gateway: sells answers of adapters for vouchers, keeps the receipts, redeems what is due."""
