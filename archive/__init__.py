"""The archive a citizen takes home: a library of its own (no flask, no database).

Specification: parts that are both independent ZIPs and one split ZIP, each a BagIt 1.0 bag
(RFC 8493) with an offline viewer. The way through it: ``plan.make`` → ``volume.build`` for each
part → ``directory.build`` → ``verify.check``; ``python -m archive`` does it for a plain folder.
"""
