#!/usr/bin/env bash
# stage.sh NAME COMMAND [ARG...]: say what runs, run it, say how long it took. Used by the Makefile.
name=$1
shift
printf '── %s …\n' "$name"
start=$SECONDS
"$@"
code=$?
if [ "$code" -eq 0 ]; then outcome=done; else outcome="failed with $code"; fi
printf '── %s: %s in %s s\n' "$name" "$outcome" "$((SECONDS - start))"
exit "$code"
