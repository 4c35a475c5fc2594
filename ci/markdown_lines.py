#!/usr/bin/env python3
"""markdown_lines.py FILE…: checks that lines are at most 120 columns, except tables and lines that are only a link."""
import pathlib
import re
import sys

LIMIT = 120
LINK = re.compile(r"\s*([-*]\s+|\d+\.\s+)?(!?\[[^]]*\]\(\S+\)|\[[^]]+\]:\s*\S+|<?https?://\S+>?)[.,]?\s*$")


def long_lines(text):
    """Number and length of each line that is too long."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LIMIT and not line.lstrip().startswith("|") and not LINK.match(line):
            yield number, len(line)


def self_test():
    word = "word " * 30
    link = f"[text](https://example.org/{'x' * 120})"
    refused = [word, f"```\n{word}\n```", f"See {link}", f"- {word}", f"{link} {word}"]
    accepted = ["x" * LIMIT, "é" * LIMIT, f"| {word} |", link, f"- {link}", f"[1]: {link[7:-1]}"]
    return all(list(long_lines(text)) for text in refused) and not any(list(long_lines(text)) for text in accepted)


def main():
    if not self_test():
        print("markdown_lines.py: self-test failed")
        return 1
    errors = [f"{file}:{number}: {length} columns, at most {LIMIT} are allowed"
              for file in sys.argv[1:] for number, length in long_lines(pathlib.Path(file).read_text())]
    print("\n".join(errors) if errors else f"{len(sys.argv) - 1} files: all lines have at most {LIMIT} columns")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
