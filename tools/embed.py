#!/usr/bin/env python3
"""embed - files, one after the other, as a C array: embed.py FILE... NAME OUTPUT."""
import sys


def main():
    *paths, name, output = sys.argv[1:]
    data = b""
    for path in paths:
        with open(path, "rb") as f:
            data += f.read()
    with open(output, "w", encoding="ascii") as f:
        f.write(f"#include <stddef.h>\n\nextern const unsigned char {name}[];\n"
                f"extern const size_t {name}_bytes;\n\nconst unsigned char {name}[] = {{\n")
        for i in range(0, len(data), 20):
            f.write("\t" + "".join(f"{byte}," for byte in data[i:i + 20]) + "\n")
        f.write(f"}};\n\nconst size_t {name}_bytes = sizeof({name});\n")


main()
