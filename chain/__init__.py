"""What every part shares about the chain: artifacts, ABIs, deployments, the client, trees and typed data."""
