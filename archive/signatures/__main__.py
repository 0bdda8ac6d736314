"""The helper process of `guard`."""

from archive.signatures.guard import main

main()
