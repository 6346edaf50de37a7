#!/usr/bin/env python3
"""shim.py - a naive memory manager behind the line protocol of docs/vectors.md.

	usermm vectors run --exec 'python3 examples/shim.py'

It knows private anonymous memory of one process: mmap, munmap, mprotect, brk.  Of everything else
it says that it does not support it, which is counted apart and is no failure.
"""
import sys

PAGE, HUGE = 4096, 2 << 20
TASK_SIZE = 0x7ffffffff000
EINVAL, ENOMEM, EPERM, EEXIST = -22, -12, -1, -17
READ, WRITE, READ_WRITE_EXEC = 1, 2, 7
PRIVATE_ANONYMOUS, FIXED, NOREPLACE = 0x22, 0x10, 0x100000


class Unsupported(Exception):
    pass


def up(n):
    return -(-n // PAGE) * PAGE


class Space:
    """Areas as a sorted list of [start, end, prot]; neighbours that are alike are one."""

    def __init__(self, settings):
        self.settings = settings
        self.areas = []
        self.start_brk = self.brk_now = int(settings["brk"], 0)

    def set(self, start, end, prot):
        """Make [start, end) an area of @prot, or a hole if that is None."""
        parts = []
        for a, b, p in self.areas:
            if a < start:
                parts.append([a, min(b, start), p])
            if b > end:
                parts.append([max(a, end), b, p])
        if prot is not None:
            parts.append([start, end, prot])
        self.areas = []
        for a, b, p in sorted(part for part in parts if part[0] < part[1]):
            if self.areas and self.areas[-1][1] == a and self.areas[-1][2] == p:
                self.areas[-1][1] = b
            else:
                self.areas.append([a, b, p])

    def is_free(self, start, end):
        return all(b <= start or a >= end for a, b, p in self.areas)

    def find(self, length):
        """Top-down: the highest gap below top."""
        end = int(self.settings["top"], 0)
        for a, b, p in reversed(self.areas):
            if a >= end:
                continue
            if end - b >= length:
                break
            end = a
        return end - length

    def mmap(self, addr, length, prot, flags, file, offset):
        fixed = flags & (FIXED | NOREPLACE)
        if flags & ~fixed != PRIVATE_ANONYMOUS or file != "none" or prot & ~READ_WRITE_EXEC or \
                offset % PAGE:
            raise Unsupported("only private anonymous memory")
        if length == 0:
            return EINVAL
        length = up(length)
        if length > TASK_SIZE or length == 0:
            return ENOMEM
        if length > 1 << 30:
            raise Unsupported("nothing is charged here")
        if not fixed:
            lowest = int(self.settings.get("hint_min_addr", "0"), 0)
            if addr:
                addr = max(addr & -PAGE, lowest)
            if not addr or addr > TASK_SIZE - length or not self.is_free(addr, addr + length):
                if length >= HUGE:
                    raise Unsupported("huge pages")
                addr = self.find(length)
        elif addr > TASK_SIZE - length:
            return ENOMEM
        elif addr % PAGE:
            return EINVAL
        elif addr < int(self.settings.get("mmap_min_addr", "0"), 0):
            return EPERM
        elif flags & NOREPLACE and not self.is_free(addr, addr + length):
            return EEXIST
        self.set(addr, addr + length, prot)
        return addr

    def munmap(self, addr, length):
        if addr % PAGE or addr > TASK_SIZE or length > TASK_SIZE - addr or length == 0:
            return EINVAL
        self.set(addr, addr + up(length), None)
        return 0

    def mprotect(self, addr, length, prot):
        if prot & ~READ_WRITE_EXEC:
            raise Unsupported("growing areas")
        if addr % PAGE:
            return EINVAL
        if length == 0:
            return 0
        end = (addr + up(length)) % (1 << 64)
        if end <= addr:
            return ENOMEM
        while addr < end:
            area = next((x for x in self.areas if x[0] <= addr < x[1]), None)
            if not area:
                return ENOMEM
            stop = min(area[1], end)
            self.set(addr, stop, prot)
            addr = stop
        return 0


    def brk(self, addr):
        """The break, whether it moved or not."""
        old, new = up(self.brk_now), up(addr)
        if addr < self.start_brk:
            return self.brk_now
        if addr - self.start_brk > 1 << 30:
            raise Unsupported("nothing is charged here")
        if new < old:
            if self.is_free(new, old):
                return self.brk_now
            self.set(new, old, None)
        elif new > old:
            if not self.is_free(old, new + PAGE):
                return self.brk_now
            self.set(old, new, READ | WRITE)
        self.brk_now = addr
        return addr

    def name(self, start, end):
        return "[heap]" if start < up(self.brk_now) and end > self.start_brk else "-"


def answer(space, call, args):
    calls = {"mmap": space.mmap, "munmap": space.munmap, "mprotect": space.mprotect,
             "brk": space.brk}
    if call not in calls:
        raise Unsupported(f"no {call} here")
    numbers = [arg if call == "mmap" and i == 4 else int(arg, 0) for i, arg in enumerate(args)]
    return calls[call](*numbers)


def perms(prot):
    return "".join(c if prot & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4))) + "p"


def main():
    space = None
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "begin":
            settings = dict(pair.split("=", 1) for pair in rest)
            space = Space(settings)
            # Nothing is mapped here: where things are is as it was recorded.
            print("bases", *(f"{n}={settings[n]}" for n in ("pool", "top", "brk")),
                  "size=0x0 data=0x0")
        elif word == "step":
            try:
                if rest[0] != "0":
                    raise Unsupported("one process only")
                print(answer(space, rest[1], rest[2:]))
            except Unsupported as why:
                print("unsupported", why)
        elif word == "areas":
            for start, end, prot in space.areas:
                print(hex(start), hex(end), perms(prot), "0x0", space.name(start, end))
            print("end")
        elif word == "end":
            print("ended")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
