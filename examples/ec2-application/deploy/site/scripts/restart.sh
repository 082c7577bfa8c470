#!/bin/sh
set -eu
systemctl enable --now nginx
systemctl reload nginx
