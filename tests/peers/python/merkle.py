"""Merkle trees of RFC 9162, section 2.1, written from the RFC's recursive definitions and sharing no code with the gateway.

As a program it prints the known answers that gateway/src/audit/merkle.rs holds: roots, and chosen proofs, over eight small leaves."""

import hashlib
import json

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]


def sha256(data):
    return hashlib.sha256(data).digest()


def cut(count):
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def root(entries):
    if not entries:
        return sha256(b"")
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0])
    k = cut(len(entries))
    return sha256(b"\x01" + root(entries[:k]) + root(entries[k:]))


def path(m, entries):
    if len(entries) == 1:
        return []
    k = cut(len(entries))
    if m < k:
        return path(m, entries[:k]) + [root(entries[k:])]
    return path(m - k, entries[k:]) + [root(entries[:k])]


def consistency(m, entries, whole=True):
    if m == len(entries):
        return [] if whole else [root(entries)]
    k = cut(len(entries))
    if m <= k:
        return consistency(m, entries[:k], whole) + [root(entries[k:])]
    return consistency(m - k, entries[k:], False) + [root(entries[:k])]


def climb(leaf, index, size, steps):
    """The root that a path leads to, by the recursive definition turned round: which half is the leaf in?"""
    if size == 1:
        assert not steps, "the path is too long"
        return leaf
    assert steps, "the path is too short"
    k = cut(size)
    if index < k:
        return sha256(b"\x01" + climb(leaf, index, k, steps[:-1]) + steps[-1])
    return sha256(b"\x01" + steps[-1] + climb(leaf, index - k, size - k, steps[:-1]))


if __name__ == "__main__":
    entries = [bytes.fromhex(leaf) for leaf in LEAVES]
    print(json.dumps({
        "roots": [root(entries[:n]).hex() for n in range(len(entries) + 1)],
        "inclusion": {f"{m} of {n}": [h.hex() for h in path(m, entries[:n])] for m, n in [(0, 8), (5, 8), (2, 3), (1, 5)]},
        "consistency": {f"{m} of {n}": [h.hex() for h in consistency(m, entries[:n])] for m, n in [(1, 8), (6, 8), (2, 5), (3, 7)]},
    }, indent=1))
