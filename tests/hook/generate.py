#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write N C functions of every shape, the same ones for the same seed.

    generate.py SEED N >FILE.c

They compute something from their arguments alone, so any call can be repeated and compared. Each
calls only functions of a lower level, outside of loops: a call's cost is bounded.
"""
import random
import sys

HEAD = """\
/* Made by generate.py: {seed} {n}. */
#include <stdarg.h>
#include "generated.h"

#define F __attribute__((noinline, visibility("hidden")))

static const word table[16] = {{{table}}};
word generated_cells[16] = {{{cells}}};
word generated_sink;
"""


class Writer:
    def __init__(self, seed, n):
        self.random = random.Random(seed)
        self.n = n
        self.functions = []  # (name, kind, number of arguments, level)
        self.lines = []

    def number(self):
        return self.random.choice([self.random.randrange(1, 60), self.random.randrange(1 << 31)])

    def expression(self, names, depth=2):
        pick = self.random.random()
        if depth == 0 or pick < 0.25:
            return self.random.choice(names) if names and pick < 0.2 else f"{self.number()}ul"
        left, right = (self.expression(names, depth - 1) for _ in range(2))
        if pick < 0.32:
            return f"table[({left}) & 15]"
        if pick < 0.38:
            return f"generated_cells[({left}) & 15]"
        if pick < 0.44:
            return f"({left} ? {right} : {self.random.choice(names or ['7ul'])})"
        if pick < 0.5:
            return f"({left} / ({right} | 1))"
        if pick < 0.56:
            return f"({left} << ({right} & 7))"
        return f"({left} {self.random.choice('+ - * ^ & |'.split())} {right})"

    def call(self, level, names):
        below = [f for f in self.functions if f[1] == "w" and f[3] < level]
        if not below:
            return self.expression(names)
        name, _, n, _ = self.random.choice(below)
        return f"{name}({', '.join(self.expression(names, 1) for _ in range(n))})"

    def statement(self, names, level, indent="\t"):
        pick, name = self.random.random(), self.random.choice(names)
        if pick < 0.3:
            return [f"{indent}{name} = {self.expression(names)};"]
        if pick < 0.45:
            return [f"{indent}if ({self.expression(names)} & {self.number()})",
                    f"{indent}\t{name} ^= {self.expression(names)};",
                    *([f"{indent}else", f"{indent}\t{name} += 3;"] if pick < 0.37 else [])]
        if pick < 0.6:
            return [f"{indent}for (word i = 0; i < ({self.expression(names, 1)} & 7); i++)",
                    f"{indent}\t{name} += {self.expression(names + ['i'])};"]
        if pick < 0.72:
            lines = [f"{indent}switch ({self.expression(names, 1)} & 7) {{"]
            for case in range(self.random.randrange(4, 8)):
                lines += [f"{indent}case {case}:", f"{indent}\t{name} = {self.expression(names)};",
                          f"{indent}\tbreak;"]
            return [*lines, f"{indent}}}"]
        if pick < 0.82:
            return [f"{indent}{{", f"{indent}\tvolatile word local[24];",
                    f"{indent}\tlocal[{name} & 15] = {self.expression(names)};",
                    f"{indent}\tlocal[16] = {name};",
                    f"{indent}\t{name} ^= local[16] + local[{name} & 15];", f"{indent}}}"]
        return [f"{indent}{name} += {self.call(level, names)};"]

    def body(self, names, level, count):
        return [line for _ in range(count) for line in self.statement(names, level)]

    def tiny(self, name, level):
        """The shapes that small and hand-written functions have at their entry."""
        one = self.number()
        below = [f for f in self.functions if f[1:3] == ("w", 1) and f[3] < level]
        other = self.random.choice(below)[0] if below else None
        shapes = [
            "return a0;", f"return a0 + {one}ul;", "return table[a0 & 15];", f"return {one}ul;",
            "return generated_cells[3] ^ a0;", "return a0 ? table[3] : 0;",
            "if (!a0)\n\t\treturn 0;\n\treturn table[a0 & 7] * a0;",
            "while (a0 & 1)\n\t\ta0 >>= 1;\n\treturn a0;",
            "do\n\t\ta0 = a0 >> 1 ^ (a0 & 1);\n\twhile (a0 > 9);\n\treturn a0;",
            "word n = 0;\n\twhile (a0) {\n\t\tn += a0 & 1;\n\t\ta0 >>= 1;\n\t}\n\treturn n;",
            f"return (a0 & 15) < 2 ? a0 : a0 + {name}((a0 & 15) - 1);",
            "return *(volatile word *)&generated_cells[2] + a0;",
        ]
        if other:
            shapes += [f"return {other}(a0 + 1);", f"return {other}(a0);", f"return pointer_{name}(a0);",
                       f"if (a0 > {one}ul)\n\t\treturn {other}(a0);\n\treturn 1;"]
        shape = self.random.choice(shapes)
        if "pointer_" in shape:
            self.lines.append(f"word (*volatile pointer_{name})(word) = {other};")
        self.lines += [f"F word {name}(word a0)", "{", f"\t{shape}", "}"]
        self.functions.append((name, "w", 1, level))

    def words(self, name, level):
        n = self.random.randrange(0, 10)
        names = [f"a{i}" for i in range(n)]
        parameters = ", ".join(f"word {a}" for a in names) or "void"
        self.lines += [f"F word {name}({parameters})", "{", f"\tword r = {self.number()}ul;",
                       *self.body(names + ["r"], level, self.random.randrange(1, 7)),
                       f"\treturn {' ^ '.join(['r', *names])};", "}"]
        self.functions.append((name, "w", n, level))

    def variadic(self, name, level):
        self.lines += [f"F word {name}(word a0, ...)", "{", f"\tword r = {self.number()}ul;",
                       "\tva_list list;", "\tva_start(list, a0);",
                       "\tfor (word i = 0; i < 4; i++)", "\t\tr = r * 3 + va_arg(list, word);",
                       "\tva_end(list);", *self.body(["a0", "r"], level, 2), "\treturn r ^ a0;", "}"]
        self.functions.append((name, "v", 5, level))

    def quads(self, name, level):
        self.lines += [f"F quad {name}(quad q, word a0, word a1)", "{",
                       f"\tword r = {self.number()}ul;",
                       *self.body(["a0", "a1", "r"], level, 2),
                       "\treturn q * (a0 | 1) + ((quad)r << 29) - a1;", "}"]
        self.functions.append((name, "q", 3, level))

    def doubles(self, name, level):
        kind, what = self.random.choice([("d", "double"), ("f", "float"), ("l", "long double")])
        self.lines += [f"F {what} {name}({what} x, {what} y, word a0)", "{",
                       f"\t{what} z = x * {self.number() % 100} + y;", "\tword r = a0;",
                       *self.body(["a0", "r"], level, 1),
                       f"\tfor (word i = 0; i < (a0 & 3); i++)", "\t\tz = z * 0.5f + x;",
                       f"\treturn z + ({what})(r & 255) - y;", "}"]
        self.functions.append((name, kind, 3, level))

    def structs(self, name, level):
        self.lines += [f"F struct big {name}(struct big b, word a0)", "{",
                       *self.body(["a0"], level, 2),
                       "\tfor (int i = 0; i < 4; i++)", "\t\tb.words[i] ^= a0 + b.words[i + 1];",
                       "\treturn b;", "}"]
        self.functions.append((name, "s", 2, level))

    def write(self, seed):
        table, cells = ([f"{self.number()}ul" for _ in range(16)] for _ in range(2))
        self.lines = [HEAD.format(seed=seed, n=self.n, table=", ".join(table), cells=", ".join(cells))]
        shapes = [self.tiny] * 5 + [self.words] * 9 + [self.variadic, self.quads, self.doubles,
                                                         self.doubles, self.structs]
        for i in range(self.n):
            self.random.choice(shapes)(f"f{i}", i * 4 // self.n)
        self.lines.append("const struct generated generated_functions[] = {")
        self.lines += [f"\t{{(void *){name}, '{kind}', {n}, \"{name}\"}},"
                       for name, kind, n, _ in self.functions]
        self.lines += ["};", f"const unsigned generated_count = {self.n};"]
        print("\n".join(self.lines))


Writer(sys.argv[1], int(sys.argv[2])).write(sys.argv[1])
