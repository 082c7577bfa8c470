#!/bin/sh
set -eu
curl --fail --silent --retry 5 --retry-connrefused http://127.0.0.1/ > /dev/null
