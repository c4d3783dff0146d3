#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Change the header of a driver's file, where linkers have no option for it.

patch.py FILE stamp            another TimeDateStamp: another build of the same driver
patch.py FILE discard SECTION  the section is freed when the driver has started
"""
import struct
import sys

DISCARDABLE = 0x02000000


def main():
    path, action = sys.argv[1:3]
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (header,) = struct.unpack_from("<I", data, 0x3C)
    if action == "stamp":
        (stamp,) = struct.unpack_from("<I", data, header + 8)
        struct.pack_into("<I", data, header + 8, stamp ^ 1)
    else:
        n_sections, optional = struct.unpack_from("<6xH12xH", data, header)
        first = header + 24 + optional
        names = [data[first + 40 * i : first + 40 * i + 8].rstrip(b"\0").decode() for i in range(n_sections)]
        at = first + 40 * names.index(sys.argv[3]) + 36
        (flags,) = struct.unpack_from("<I", data, at)
        struct.pack_into("<I", data, at, flags | DISCARDABLE)
    with open(path, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
