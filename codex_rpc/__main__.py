"""`python -m codex_rpc` is the `codex-rpc` command."""

import sys

from codex_rpc.cli.main import main

sys.exit(main())
