"""plays: the same steps at hansom-store and at redis-server, with files that each reads and writes, compared.

A play is made from (kind, program, folder); its run() takes the steps, notes what was said as pairs in
`said`, and is false when the store did not start, stop or refuse as it should.
"""
import argparse
import os
import shutil
import tempfile


def compare(about, play, differs=None):
    """What the process ends with. `differs` names steps that are to differ, and what ours says then."""
    args = argparse.ArgumentParser(description=about)
    args.add_argument("--store", required=True)
    args.add_argument("--peer", default="redis-server")
    options = args.parse_args()
    peer = shutil.which(options.peer)
    if not peer:
        print("no %s here: nothing to compare with" % options.peer)
        return 77
    folder = tempfile.mkdtemp(prefix="hansom-plays-")
    try:
        both = [play("hansom", os.path.abspath(options.store), folder), play("redis", peer, folder)]
        wrong = 0
        for one in both:
            if not one.run():
                print("%s: does not start, stop or refuse as it should" % one.kind)
                wrong += 1
        for ours, theirs in zip(both[0].said, both[1].said):
            step, expected = theirs
            expected = (differs or {}).get(step, expected)
            if ours != (step, expected):
                print("%s\n  hansom  %s\n  redis   %s" % (ours[0], ours[1], theirs[1]))
                wrong += 1
        print("%d replies, %d wrong" % (len(both[0].said), wrong))
        return 1 if wrong else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
