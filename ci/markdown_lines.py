#!/usr/bin/env python3
"""markdown_lines.py FILE…: no line over 120 columns but in tables and in lines that are a link alone."""
import pathlib
import re
import sys

LIMIT = 120
LINK = re.compile(r"\s*([-*]\s+|\d+\.\s+)?(!?\[[^]]*\]\(\S+\)|\[[^]]+\]:\s*\S+|<?https?://\S+>?)[.,]?\s*$")


def long_lines(text):
    """Numbers and lengths of the lines that are too long."""
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
        print("markdown_lines.py: the self-test fails")
        return 1
    faults = [f"{file}:{number}: {length} columns, {LIMIT} at most"
              for file in sys.argv[1:] for number, length in long_lines(pathlib.Path(file).read_text())]
    print("\n".join(faults) if faults else f"{len(sys.argv) - 1} files have lines of at most {LIMIT} columns")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
