"""Influence of training texts on answers, in pure maths: no files, no network, no chain. Start reading at `engine`."""
