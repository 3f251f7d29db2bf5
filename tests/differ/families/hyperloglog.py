"""hyperloglog: sparse and dense ones, their bytes, counts and unions; headers that were written over.

Registers are left alone: those that make no sense are refused by ours wherever they are read, and
Redis reads some of them."""


def _few(rng):
    top = rng.choice([10, 1000, 1000000])
    return [str(rng.randrange(top)) for _ in range(rng.choice([0, 1, 3, 10, 200]))]


POOLS = {"k": ["h1", "h2", "h3", "h4", "none"], "p": _few, "w": ["", "a", "123", "\xff\xff", "x" * 50],
         "z": ["5", "8", "15"], "y": ["\x00", "\x01", "\x7f", "\x80", "\xff"], "c": ["3000", "3000", "300", "30", "0", "x"]}
FORMS = """
12: PFADD k p
PFADD k w
PFADD k
6: PFCOUNT k k*
3: PFMERGE k k*
PFMERGE k
PFDEBUG ENCODING|DECODE|encoding|NOSUCH k
PFDEBUG GETREG|TODENSE h1
PFDEBUG GETREG
5: GET k
SETRANGE k z y
2: DEL k
SET k m
STRLEN k
CONFIG SET hll-sparse-max-bytes c
RPUSH list m
PFADD list m
PFCOUNT list k
PFMERGE k list
PFMERGE list k
COPY k k REPLACE
"""
COMMON = False
