"""series: time series, their labels, and rules that condense one into another."""

COMMON = True
POOLS = {"t": ["1000", "1001", "1500", "2000", "3000", "10000", "0", "-1", "*", "x", "9223372036854775807"],
         "v": ["1", "2.5", "-3", "1e300", "nan", "x", "0"], "w": ["1", "100", "1000", "0", "-1", "x"],
         "l": [["area", "a"], ["area", "b"], ["kind", "x"], ["kind", ""], ["", "y"]],
         "f": ["area=a", "area!=b", "kind=(x,y)", "area=", "kind!=", "area", "none=x", "area=(", "="],
         "a": ["avg", "sum", "min", "max", "range", "count", "first", "last", "std.p", "std.s", "var.p", "var.s", "twa", "x"],
         "y": ["BLOCK", "FIRST", "LAST", "MIN", "MAX", "SUM", "x"], "from": ["-", "0", "1000", "1500", "x"],
         "to": ["+", "2000", "10000", "1000", "x"],
         "many": [["WITHLABELS"], ["SELECTED_LABELS", "area"], []], "align": ["start", "end", "-", "+", "7", "x"]}
FORMS = """
2: TS.CREATE k [ RETENTION w ] [ ENCODING COMPRESSED|UNCOMPRESSED|x ] [ CHUNK_SIZE 48|128|x ] [ DUPLICATE_POLICY y ] [ LABELS < l > ]
TS.ALTER k [ RETENTION w ] [ CHUNK_SIZE 48|128 ] [ DUPLICATE_POLICY y ] [ LABELS < l > ]
8: TS.ADD k t v [ RETENTION w ] [ ON_DUPLICATE y ] [ LABELS < l > ]
3: TS.MADD < k t v >
2: TS.INCRBY|TS.DECRBY k v [ TIMESTAMP t ] [ LABELS < l > ]
2: TS.DEL k t t
TS.GET k ?LATEST
TS.MGET ?LATEST $many FILTER f*
3: TS.RANGE|TS.REVRANGE k $from $to ?LATEST [ FILTER_BY_TS t* ] [ FILTER_BY_VALUE v v ] [ COUNT w ] [ ALIGN $align ] [ AGGREGATION a w ?EMPTY ]
2: TS.MRANGE|TS.MREVRANGE $from $to ?LATEST $many [ COUNT w ] [ AGGREGATION a w ] FILTER f* [ GROUPBY area|kind REDUCE a ]
TS.QUERYINDEX f*
TS.INFO k ?DEBUG
3: TS.CREATERULE k k AGGREGATION a w [ t ]
TS.DELETERULE k k
"""
