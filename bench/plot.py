#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draw the history of what a hooked call costs, from history.csv, as SVG to standard output."""

import math
from html import escape

import history

NAMES = {
    "kapimon fentry, 1 copy": "#1b6ca8",
    "kapimon fentry": "#3fa34d",
    "kapimon fentry, stack": "#c8553d",
    "kapimon --fast, stack": "#8e5572",
}
DASHES = {"6.1": "6 3", "6.12": "none"}
WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 220, 30, 40
LOW, HIGH = 100, 30000


def y_of(value):
    share = (math.log10(value) - math.log10(LOW)) / (math.log10(HIGH) - math.log10(LOW))
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def x_of(nth, count):
    return LEFT + (WIDTH - LEFT - RIGHT) * (nth / (count - 1) if count > 1 else 0.5)


def axes(times):
    for value in (100, 300, 1000, 3000, 10000, 30000):
        y = y_of(value)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>'
    for nth in sorted({0, len(times) - 1}):
        x = x_of(nth, len(times))
        yield f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{times[nth][:10]}</text>'
    yield f'<text x="{LEFT}" y="18">instructions for a hooked call, shallow stack</text>'


def lines(runs, times):
    legend = TOP + 10
    for name, color in NAMES.items():
        for kernel, dash in DASHES.items():
            points = [
                (x_of(times.index(run.time), len(times)), y_of(run.number(name, "shallow")))
                for run in runs
                if run.kernel == kernel and run.number(name, "shallow")
            ]
            if not points:
                continue
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            yield (
                f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2" '
                f'stroke-dasharray="{dash}"/>'
            )
            for x, y in points:
                yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>'
            yield (
                f'<path d="M{WIDTH - RIGHT + 12} {legend - 4}h24" stroke="{color}" '
                f'stroke-width="2" stroke-dasharray="{dash}"/>'
                f'<text x="{WIDTH - RIGHT + 42}" y="{legend}">{escape(name)}, {kernel}</text>'
            )
            legend += 18


def main():
    runs = [run for run in history.runs() if run.part == "calls"]
    times = sorted({run.time for run in runs})
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
    )
    print(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    if times:
        print("\n".join([*axes(times), *lines(runs, times)]))
    print("</svg>")


if __name__ == "__main__":
    main()
