"""sketches: BF, CF, CMS, TOPK and TDIGEST. Sizes are small, so that filters fill up, grow and merge."""

COMMON = True
POOLS = {"i": ["a", "b", "c", "d", "e", "", "x" * 70, "\x00\xff"], "r": ["0.01", "0.5", "0", "1", "0.000001", "nan", "x"],
         "c": ["1", "2", "8", "100", "0", "-1", "5000000000", "x"], "v": ["0", "1", "-1", "2.5", "1e300", "-inf", "nan", "x"],
         "q": ["0", "0.5", "1", "0.99", "-1", "2", "x"], "w": ["1", "2", "0", "-1", "0.5", "x"],
         "p": ["0", "1", "2", "9", "-1", "99999999999", "x"], "b": ["", "a", "\x00" * 8, "\x01" * 64, "\xff" * 200]}
FORMS = """
BF.RESERVE k r c [ EXPANSION c ] ?NONSCALING
6: BF.ADD k i
2: BF.MADD k i*
BF.INSERT k [ CAPACITY c ] [ ERROR r ] [ EXPANSION c ] ?NOCREATE ?NONSCALING ITEMS i*
2: BF.EXISTS k i
BF.MEXISTS k i*
BF.CARD k
BF.INFO k ?CAPACITY|SIZE|FILTERS|ITEMS|EXPANSION|x
BF.SCANDUMP|CF.SCANDUMP k p
BF.LOADCHUNK|CF.LOADCHUNK k p b
CF.RESERVE k c [ BUCKETSIZE c ] [ MAXITERATIONS c ] [ EXPANSION c ]
6: CF.ADD k i
2: CF.ADDNX k i
CF.INSERT|CF.INSERTNX k [ CAPACITY c ] ?NOCREATE ITEMS i*
CF.EXISTS|CF.COUNT k i
CF.MEXISTS k i*
4: CF.DEL k i
CF.COMPACT|CF.INFO k
CMS.INITBYDIM k c c
CMS.INITBYPROB k r r
4: CMS.INCRBY k < i c >
CMS.QUERY k i*
CMS.MERGE k #k [ WEIGHTS w* ]
CMS.INFO|TOPK.INFO|TDIGEST.INFO k
TOPK.RESERVE k c [ c c r ]
4: TOPK.ADD k i*
2: TOPK.INCRBY k < i c >
TOPK.QUERY|TOPK.COUNT k i*
TOPK.LIST k ?WITHCOUNT
TDIGEST.CREATE k [ COMPRESSION c ]
TDIGEST.RESET k
6: TDIGEST.ADD k v*
TDIGEST.MERGE k #k [ COMPRESSION c ] ?OVERRIDE
TDIGEST.MIN|TDIGEST.MAX k
TDIGEST.QUANTILE k q*
TDIGEST.CDF|TDIGEST.RANK|TDIGEST.REVRANK k v*
TDIGEST.BYRANK|TDIGEST.BYREVRANK k p*
TDIGEST.TRIMMED_MEAN k q q
"""
