"""What our contracts are measured against: other people's Solidity, compiled here."""
