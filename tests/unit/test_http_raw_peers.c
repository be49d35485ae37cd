/* SPDX-License-Identifier: MIT */
/* The same for the client without a library: what it does, says and costs is the same. */
#define LINK_RAW
#include "tests/unit/test_http_peers.c"
