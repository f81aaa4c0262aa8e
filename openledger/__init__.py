"""The application: the command line, the demo, the gateway that sells answers, and what they share."""
