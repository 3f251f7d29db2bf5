"""bits: single bits, counts, positions, operations between strings, bit fields.

Nothing makes a string of 512 MB: the last bit there may be is only read."""
POOLS = {"k": ["b1", "b2", "b3", "b4", "none"], "f": ["0", "1", "1", "2", "x", "-1"],
         "o": ["0", "1", "7", "8", "9", "15", "63", "64", "100", "1000"],
         "p": ["-1", "x", "4294967296", "9223372036854775808", "9223372036854775807", "-9223372036854775808", "", "1.5"],
         "r": ["0", "1", "-1", "2", "-2", "5", "7", "8", "-9", "20", "100", "-100"],
         "w": ["", "a", "abc", "123", "-7", "\xff\xff", "\x00\x00\x00", "x" * 50, "\x80\x01" * 30],
         "t": ["u1", "u2", "u8", "u13", "u32", "u63", "i1", "i2", "i5", "i8", "i33", "i63", "i64"],
         "z": ["u64", "i0", "i65", "U8", "x", "u", "i-1", "u08"],
         "a": ["0", "1", "3", "8", "17", "100", "#0", "#1", "#2"],
         "y": ["#-1", "-1", "x", "#", "4294967297", "#9223372036854775807", "9223372036854775807"],
         "v": ["0", "1", "-1", "2", "-2", "10", "100", "-100", "255", "256", "9223372036854775807",
               "-9223372036854775808", "4611686018427387904"],
         "h": lambda rng: "".join(chr(rng.getrandbits(8)) for _ in range(rng.choice([1, 7, 8, 9, 31, 32, 33, 200])))}
FORMS = """
5: SETBIT k o f
SETBIT k p 1
3: GETBIT k o
GETBIT k p|4294967295
2: BITCOUNT k
4: BITCOUNT k r r ?BIT|BYTE|bit|no
BITCOUNT k n n ?BIT
BITCOUNT k r
3: BITPOS k f
6: BITPOS k f r [ r ?BIT|BYTE|no ]
BITPOS k f n n BIT
4: BITOP AND|OR|XOR k k k*
2: BITOP NOT|not|NO k k
BITOP NOT k k k
2: SET k w
2: SET k h
DEL k
SETRANGE k o w
APPEND k w
GET k
4: BITFIELD k < GET t a >
4: BITFIELD k < SET t a v >
5: BITFIELD k < INCRBY t a v >
5: BITFIELD k < OVERFLOW WRAP|SAT|FAIL|wrap|NO INCRBY|SET t a v >
BITFIELD k GET z a
BITFIELD k GET|SET t y v
BITFIELD k INCRBY t a n
BITFIELD k
2: BITFIELD_RO k < GET t a >
BITFIELD_RO k SET t a v
BITFIELD_RO k
"""


def encoding(_words, _a, _b):
    return True


RULES = {"OBJECT ENCODING": encoding}  # a string from bits is raw in Redis; ours follows the bytes
