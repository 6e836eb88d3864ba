"""The prover's search for a proof-of-work nonce."""

from __future__ import annotations

import numpy as np

from zkaudit.merkle.lanes import BATCH, END_MARKER, Compressor, words_of
from zkaudit.transcript import grinding_digest, has_leading_zeros


def find_nonce(seed: bytes, bits: int) -> int:
    """The least nonce whose grinding digest with a 32-byte seed begins with `bits` zero bits.

    About 2^bits tries of 0.04 us each, in batches on the lane kernel, which looks at the first 32 bits.
    Source: docs/protocol.md, grinding; the bytes are those of transcript.grinding_digest.
    """
    if len(seed) != 32 or not 0 <= bits <= 64:
        raise ValueError("a seed has 32 bytes, a proof of work at most 64 bits")
    words = np.zeros((32, BATCH), np.uint32)
    words[:8] = words_of(seed)[:, None]
    # A message of 64 bytes fills a block; the second holds the end marker and the length in bits.
    words[16] = END_MARKER
    words[31] = 512
    compressor = Compressor()
    lanes = np.arange(BATCH, dtype=np.uint32)
    bound = np.uint64(1 << (32 - min(bits, 32)))
    for first in range(0, 1 << 63, BATCH):
        words[14] = first >> 32
        words[15] = np.uint32(first & 0xFFFFFFFF) + lanes
        for lane in np.flatnonzero(compressor.hash(words)[:, 0] < bound):
            nonce = first + int(lane)
            if has_leading_zeros(grinding_digest(seed, nonce), bits):
                return nonce
    raise ValueError(f"no nonce below 2^63 gives {bits} zero bits")
