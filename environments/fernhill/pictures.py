"""The products' pictures: one simple drawing for each kind of thing, in each product's colours.

A drawing is SVG on a field of 200 by 200. A, B and C stand for the product's first, second and
third colour; where it names fewer, the last one serves again.
"""

from collections.abc import Sequence
from html import escape

PALETTE = {
    "amber": "#d9942b",
    "black": "#2b2b2e",
    "blue": "#4272a8",
    "brass": "#c29a3d",
    "brown": "#7a5136",
    "clear": "#d5e5ea",
    "coral": "#e27d60",
    "cream": "#f3e6c8",
    "gold": "#d4ac3f",
    "green": "#3f8f56",
    "grey": "#8f959b",
    "indigo": "#39406f",
    "lavender": "#a893cc",
    "mint": "#9ccfb6",
    "navy": "#27395c",
    "olive": "#7d8545",
    "orange": "#e38a33",
    "pink": "#e79ab0",
    "plum": "#6f3b5e",
    "red": "#c23b3b",
    "sand": "#d8bf94",
    "silver": "#c3cad0",
    "sky": "#8dbbe0",
    "straw": "#e2c877",
    "tan": "#b98a5a",
    "teal": "#2f7f84",
    "terracotta": "#b9603c",
    "white": "#fdfdfb",
    "wine": "#7c2338",
    "yellow": "#efcb45",
}

_EDGE = 'stroke="#3b3b3b" stroke-opacity=".35" stroke-width="2"'
_LINE = 'fill="none" stroke-linecap="round"'


def _flower(x: int, y: int, size: int = 13) -> str:
    petals = "".join(
        f'<circle cx="{x + dx * size * 8 // 10}" cy="{y + dy * size * 8 // 10}" r="{size}"/>'
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1))
    )
    return (
        f'<g fill="A" {_EDGE}>{petals}</g><circle cx="{x}" cy="{y}" r="{size * 7 // 10}" fill="B"/>'
    )


_STEMS = (
    f'<path d="M100 175L60 75M100 175L85 60M100 175L115 60M100 175L140 75" stroke="#4b7d4a" '
    f'stroke-width="4" {_LINE}/>'
)
_WRAP = f'<path d="M62 110L138 110L112 188L88 188Z" fill="C" {_EDGE}/>'

_BLOOM_ROWS = {6: (2, 4), 7: (3, 4), 9: (4, 5), 10: (3, 3, 4), 11: (3, 4, 4), 12: (4, 4, 4)}


def _bouquet(count: int) -> str:
    """Draw as many blooms as the title states: some agents look at pictures."""
    blooms = [
        _flower(100 + (2 * place - size + 1) * 15, 48 + 28 * row, 9)
        for row, size in enumerate(_BLOOM_ROWS[count])
        for place in range(size)
    ]
    return _STEMS + _WRAP + "".join(blooms)


# The middle of each piece of a set, on a field that is shown at half its size.
_PLACES = {
    3: ((50, 10), (0, 95), (100, 95)),
    4: ((0, 5), (100, 5), (0, 95), (100, 95)),
    5: ((0, -5), (100, -5), (50, 50), (0, 105), (100, 105)),
}


def _set(piece: str, count: int) -> str:
    """Draw as many pieces as the set has."""
    return "".join(
        f'<g transform="translate({x} {y}) scale(.5)">{piece}</g>' for x, y in _PLACES[count]
    )


_BOWL = (
    f'<path d="M30 75H170C170 140 140 160 100 160S30 140 30 75Z" fill="A" {_EDGE}/>'
    '<path d="M32 88H168" stroke="B" stroke-width="14"/>'
)
_GLASS = (
    f'<path d="M60 25H140C145 85 130 110 100 110S55 85 60 25Z" fill="A" {_EDGE}/>'
    '<path d="M58 65H142C140 98 125 108 100 108S60 98 58 65Z" fill="B" fill-opacity=".7"/>'
    f'<path d="M100 110V165M65 168H135" stroke="#8f959b" stroke-width="8" {_LINE}/>'
)
_PLATE = (
    f'<ellipse cx="100" cy="110" rx="82" ry="52" fill="A" {_EDGE}/>'
    '<ellipse cx="100" cy="108" rx="50" ry="28" fill="B"/>'
)
_CUP = (
    f'<path d="M45 55H155C155 130 140 160 100 160S45 130 45 55Z" fill="A" {_EDGE}/>'
    '<path d="M47 70H153" stroke="B" stroke-width="14"/>'
)
_JAR = (
    f'<rect x="50" y="60" width="100" height="112" rx="16" fill="A" {_EDGE}/>'
    f'<rect x="55" y="38" width="90" height="26" rx="4" fill="B" {_EDGE}/>'
    '<rect x="64" y="92" width="72" height="46" fill="C"/>'
)
_BOTTLE = (
    f'<path d="M86 20H114V65C130 75 134 85 134 100V180H66V100C66 85 70 75 86 65Z" '
    f'fill="A" {_EDGE}/>'
    '<rect x="66" y="110" width="68" height="45" fill="B"/>'
    '<rect x="84" y="14" width="32" height="18" fill="C"/>'
)

DRAWINGS = {
    "apron": (
        f'<path d="M75 60C75 25 125 25 125 60" stroke="B" stroke-width="6" {_LINE}/><path d="M72 '
        f'58H128V95C145 98 152 105 152 115V175H48V115C48 105 55 98 72 95Z" fill="A" {_EDGE}/>'
        '<path d="M70 125H130V150H70Z" fill="none" stroke="B" stroke-width="4"/>'
    ),
    "beanie": (
        f'<path d="M45 125C45 40 155 40 155 125Z" fill="A" {_EDGE}/><rect x="38" y="118" '
        f'width="124" height="36" rx="12" fill="B" {_EDGE}/>'
    ),
    "bird": (
        f'<path d="M120 120C175 95 180 60 165 35C140 45 110 75 95 105Z" fill="B" {_EDGE}/><path '
        f'd="M55 75C55 130 80 150 110 150C135 150 140 120 120 112C95 105 85 95 82 72Z" fill="A" '
        f'{_EDGE}/><circle cx="68" cy="62" r="20" fill="A" {_EDGE}/><path d="M50 58L32 66L50 '
        f'70Z" fill="B"/><circle cx="64" cy="58" r="4" fill="#333"/><path d="M100 150V175M85 '
        f'176H118" stroke="A" stroke-width="7" {_LINE}/>'
    ),
    "bowl": _BOWL,
    "cap": (
        f'<path d="M45 120C45 50 140 50 140 120Z" fill="A" {_EDGE}/><path d="M95 118C130 112 175 '
        f'118 182 136C150 130 120 132 95 130Z" fill="A" {_EDGE}/><circle cx="93" cy="66" r="6" '
        f'fill="B"/><path d="M93 70V118" stroke="B" stroke-width="4"/>'
    ),
    "earrings": (
        f'<path d="M65 80C65 50 85 50 85 65M120 80C120 50 140 50 140 65" stroke="A" '
        f'stroke-width="6" {_LINE}/><g fill="B" {_EDGE}><circle cx="65" cy="105" r="24"/><circle '
        'cx="120" cy="105" r="24"/></g>'
    ),
    "rattle": (
        f'<circle cx="100" cy="65" r="42" fill="none" stroke="A" stroke-width="16"/><rect x="91" '
        f'y="108" width="18" height="75" rx="9" fill="A" {_EDGE}/><g fill="B" {_EDGE}><circle '
        'cx="70" cy="95" r="13"/><circle cx="100" cy="107" r="13"/><circle cx="130" cy="95" '
        'r="13"/></g>'
    ),
    "three-bottles": _set(_BOTTLE, 3),
    "three-bowls": _set(_BOWL, 3),
    "three-jars": _set(_JAR, 3),
    "four-bowls": _set(_BOWL, 4),
    "four-cups": _set(_CUP, 4),
    "four-glasses": _set(_GLASS, 4),
    "four-plates": _set(_PLATE, 4),
    "five-bowls": _set(_BOWL, 5),
    "five-cups": _set(_CUP, 5),
    "five-plates": _set(_PLATE, 5),
    **{f"bouquet-of-{count}": _bouquet(count) for count in _BLOOM_ROWS},
    "bag": (
        f'<path d="M70 85C70 35 130 35 130 85" stroke="B" stroke-width="8" {_LINE}/>'
        f'<path d="M45 80H155L165 170H35Z" fill="A" {_EDGE}/><rect x="88" y="95" width="24" '
        'height="18" rx="4" fill="B"/>'
    ),
    "ball": f'<circle cx="100" cy="100" r="65" fill="A" {_EDGE}/><path d="M40 80Q100 120 160 80M40 '
    f'125Q100 85 160 125" stroke="B" stroke-width="7" {_LINE}/>',
    "bear": (
        f'<g fill="A" {_EDGE}><circle cx="70" cy="50" r="18"/><circle cx="130" cy="50" r="18"/>'
        '<ellipse cx="100" cy="140" rx="45" ry="42"/><circle cx="100" cy="75" r="40"/></g>'
        '<ellipse cx="100" cy="88" rx="18" ry="14" fill="B"/><g fill="#333"><circle '
        'cx="86" cy="68" '
        'r="4"/><circle cx="114" cy="68" r="4"/><circle cx="100" cy="83" r="5"/></g>'
    ),
    "belt": (
        '<path d="M100 45a55 55 0 1 0 1 0z" fill="none" stroke="A" stroke-width="22"/>'
        '<rect x="78" y="130" width="44" height="44" rx="6" fill="none" stroke="B" '
        'stroke-width="9"/>'
    ),
    "blanket": (
        f'<rect x="35" y="60" width="130" height="100" rx="8" fill="A" {_EDGE}/><path d="M35 '
        f'90H165M35 125H165M75 60V160M120 60V160" stroke="B" stroke-width="6"/>'
        f'<path d="M35 60H120V100L35 130Z" fill="B" {_EDGE}/>'
    ),
    "blocks": (
        f'<g {_EDGE}><rect x="35" y="105" width="60" height="60" fill="A"/><rect x="103" y="105" '
        'width="60" height="60" fill="B"/><rect x="69" y="40" width="60" height="60" fill="C"/></g>'
    ),
    "book": (
        f'<path d="M45 40H140a12 12 0 0 1 12 12V160H57a12 12 0 0 1-12-12Z" fill="A" {_EDGE}/>'
        '<path d="M57 148H152V160H57Z" fill="#fff"/><path d="M75 70H125M75 88H110" stroke="B" '
        f'stroke-width="7" {_LINE}/>'
    ),
    "bottle": _BOTTLE,
    "bouquet": _STEMS
    + "".join(_flower(x, y) for x, y in ((60, 75), (85, 52), (117, 52), (142, 76), (100, 85)))
    + _WRAP,
    "box": (
        f'<rect x="40" y="75" width="120" height="95" fill="A" {_EDGE}/><rect x="32" y="55" '
        f'width="136" height="28" fill="A" {_EDGE}/><path d="M100 55V170" stroke="B" '
        f'stroke-width="14"/><path d="M100 55C70 20 55 45 100 55C145 45 130 20 100 55" stroke="B" '
        f'stroke-width="8" {_LINE}/>'
    ),
    "candle": (
        f'<rect x="65" y="85" width="70" height="90" rx="8" fill="A" {_EDGE}/><rect x="65" y="115" '
        'width="70" height="30" fill="B"/><path d="M100 85V70" stroke="#333" stroke-width="4"/>'
        '<path d="M100 30C120 52 112 70 100 70S80 52 100 30Z" fill="#f0b13c"/>'
    ),
    "chocolates": (
        f'<rect x="30" y="50" width="140" height="110" rx="8" fill="B" {_EDGE}/><g fill="A" '
        f"{_EDGE}>"
        + "".join(
            f'<rect x="{x}" y="{y}" width="30" height="36" rx="8"/>'
            for x in (42, 85, 128)
            for y in (62, 110)
        )
        + "</g>"
    ),
    "clock": (
        f'<circle cx="100" cy="100" r="72" fill="A" {_EDGE}/><circle cx="100" cy="100" r="56" '
        'fill="B"/><path d="M100 52V60M100 140V148M52 100H60M140 100H148" stroke="#333" '
        f'stroke-width="5"/><path d="M100 100L100 68M100 100L124 112" stroke="#333" '
        f'stroke-width="6" {_LINE}/>'
    ),
    "cup": (
        f'<path d="M50 70H135V120C135 150 120 160 92 160S50 150 50 120Z" fill="A" {_EDGE}/><path '
        f'd="M135 85C170 85 170 130 133 128" stroke="A" stroke-width="11" {_LINE}/><path d="M50 '
        '82H135" stroke="B" stroke-width="9"/>'
    ),
    "elephant": (
        f'<g fill="A" {_EDGE}><ellipse cx="112" cy="100" rx="52" ry="42"/><rect x="76" y="125" '
        'width="22" height="45"/><rect x="128" y="125" width="22" height="45"/><circle cx="62" '
        f'cy="85" r="32"/></g><path d="M40 95C25 125 35 150 48 155" stroke="A" stroke-width="14" '
        f'{_LINE}/><path d="M72 65C100 65 95 110 70 108" fill="B"/><circle cx="54" cy="78" r="4" '
        'fill="#333"/>'
    ),
    "envelope": (
        f'<rect x="30" y="55" width="140" height="95" rx="5" fill="A" {_EDGE}/><path d="M30 58L100 '
        f'112L170 58" fill="A" {_EDGE}/><circle cx="100" cy="108" r="13" fill="B"/>'
    ),
    "frame": (
        f'<rect x="35" y="45" width="130" height="110" fill="A" {_EDGE}/><rect x="50" y="60" '
        'width="100" height="80" fill="B"/><path d="M50 140L85 95L108 120L125 100L150 140Z" '
        'fill="C"/><circle cx="130" cy="78" r="9" fill="#f0d27a"/>'
    ),
    "fruit": (
        f'<path d="M35 115H165L150 170H50Z" fill="#b98a5a" {_EDGE}/><g {_EDGE}><circle cx="65" '
        'cy="95" r="25" fill="A"/><circle cx="135" cy="95" r="25" fill="B"/><circle cx="100" '
        f'cy="80" r="27" fill="C"/></g><path d="M100 53C102 42 110 38 116 38" stroke="#5d4a2c" '
        f'stroke-width="5" {_LINE}/>'
    ),
    "garland": "".join(
        _flower(x, y, 10)
        for x, y in ((45, 55), (52, 92), (70, 125), (100, 140), (130, 125), (148, 92), (155, 55))
    ),
    "handkerchief": (
        f'<path d="M100 30L170 100L100 170L30 100Z" fill="A" {_EDGE}/><path d="M100 48L152 '
        f'100L100 152L48 100Z" fill="none" stroke="B" stroke-width="5"/><path d="M100 30L130 '
        f'90L100 100L70 90Z" fill="B" {_EDGE}/>'
    ),
    "hamper": (
        f'<path d="M60 95C60 30 140 30 140 95" stroke="B" stroke-width="8" {_LINE}/><rect x="80" '
        f'y="55" width="22" height="50" fill="C" {_EDGE}/><circle cx="125" cy="88" r="20" '
        f'fill="#e0b050"/><path d="M35 95H165L150 170H50Z" fill="A" {_EDGE}/><path d="M42 '
        '120H158M47 145H153" stroke="B" stroke-width="5"/>'
    ),
    "hat": (
        f'<ellipse cx="100" cy="135" rx="78" ry="20" fill="A" {_EDGE}/><path d="M55 132C55 45 145 '
        f'45 145 132Z" fill="A" {_EDGE}/><path d="M56 115C85 127 115 127 144 115V132C115 '
        "142 85 142 "
        '56 132Z" fill="B"/>'
    ),
    "head": (
        f'<rect x="70" y="160" width="60" height="16" fill="B" {_EDGE}/><path d="M85 160V140H115'
        'V160Z" fill="A"/><ellipse cx="100" cy="100" rx="42" ry="50" fill="A" '
        f'{_EDGE}/><path d="M58 '
        f'90C58 40 142 40 142 90C120 72 80 72 58 90Z" fill="B"/><circle cx="100" cy="42" r="15" '
        f'fill="B"/><path d="M75 102Q84 108 92 102M108 102Q116 108 125 102M90 128Q100 134 110 128" '
        f'stroke="#333" stroke-width="3" {_LINE}/><path d="M57 95V122M143 95V122" stroke="A" '
        f'stroke-width="9" {_LINE}/>'
    ),
    "jar": _JAR,
    "knife": (
        f'<path d="M30 105C60 70 100 62 125 62V105Z" fill="A" {_EDGE}/><rect x="125" y="62" '
        f'width="55" height="26" rx="8" fill="B" {_EDGE}/><path d="M140 75H142M160 75H162" '
        f'stroke="#fff" stroke-width="6" {_LINE}/><path d="M50 140H160" stroke="B" '
        'stroke-opacity=".3" stroke-width="4"/>'
    ),
    "lamp": (
        f'<path d="M70 40H130L155 105H45Z" fill="A" {_EDGE}/><path d="M100 105V160" stroke="B" '
        f'stroke-width="9"/><ellipse cx="100" cy="165" rx="42" ry="10" fill="B" {_EDGE}/>'
    ),
    "mat": (
        f'<rect x="28" y="65" width="144" height="80" rx="4" fill="A" {_EDGE}/><rect x="40" y="77" '
        'width="120" height="56" fill="none" stroke="B" stroke-width="4"/><circle '
        'cx="100" cy="105" '
        'r="18" fill="B"/>'
    ),
    "mirror": (
        f'<ellipse cx="100" cy="80" rx="52" ry="60" fill="A" {_EDGE}/><ellipse cx="100" cy="80" '
        'rx="41" ry="49" fill="#dcebf0"/><path d="M80 95L118 55M92 108L126 74" stroke="#fff" '
        f'stroke-width="6" {_LINE}/><rect x="91" y="140" width="18" height="45" rx="8" fill="A"/>'
    ),
    "necklace": (
        f'<path d="M50 40C55 150 145 150 150 40" stroke="A" stroke-width="5" {_LINE}/><path '
        f'd="M100 122L118 140L100 168L82 140Z" fill="B" {_EDGE}/>'
    ),
    "pen": (
        f'<g transform="rotate(45 100 100)"><rect x="88" y="25" width="24" height="110" rx="8" '
        f'fill="A" {_EDGE}/><rect x="88" y="75" width="24" height="10" fill="B"/><path d="M88 '
        '135H112L100 172Z" fill="B"/></g>'
    ),
    "perfume": (
        f'<rect x="55" y="80" width="90" height="95" rx="14" fill="A" fill-opacity=".85" {_EDGE}/>'
        f'<rect x="88" y="55" width="24" height="25" fill="B"/><rect x="76" y="28" width="48" '
        f'height="28" rx="5" fill="B" {_EDGE}/><rect x="72" y="110" width="56" height="34" '
        'fill="#fff"/>'
    ),
    "pillow": (
        f'<path d="M40 55Q100 70 160 55Q145 105 160 155Q100 140 40 155Q55 105 40 55Z" fill="A" '
        f'{_EDGE}/><path d="M65 80H135M65 105H135M65 130H135" stroke="B" stroke-width="6"/>'
    ),
    "plant": (
        '<g fill="A"><path d="M100 120C60 110 45 70 50 45C85 55 100 85 100 120Z"/><path d="M100 '
        '120C140 110 155 70 150 45C115 55 100 85 100 120Z"/><path d="M100 120C85 85 90 45 100 '
        f'25C110 45 115 85 100 120Z"/></g><path d="M62 118H138L128 178H72Z" fill="B" {_EDGE}/>'
    ),
    "flowering-plant": (
        '<path d="M100 120C60 112 52 85 55 70C85 78 100 95 100 120C100 95 115 78 145 70C148 85 140 '
        '112 100 120Z" fill="#4b7d4a"/>'
        + _flower(75, 55)
        + _flower(122, 48)
        + _flower(100, 82)
        + f'<path d="M62 118H138L128 178H72Z" fill="C" {_EDGE}/>'
    ),
    "scarf": (
        '<path d="M55 40C75 75 125 75 145 40L165 60C130 110 70 110 35 60Z" fill="A" '
        f"{_EDGE}/><path "
        f'd="M110 88L145 82L160 175H120Z" fill="A" {_EDGE}/><path d="M116 120L152 114M119 145L156 '
        '140M50 62C75 98 125 98 150 62" stroke="B" stroke-width="6" fill="none"/>'
    ),
    "slippers": (
        f'<g fill="A" {_EDGE}><ellipse cx="68" cy="105" rx="28" ry="66"/><ellipse '
        'cx="134" cy="105" '
        f'rx="28" ry="66"/></g><path d="M41 92A28 50 0 0 1 95 92L95 115H41ZM107 92A28 50 0 0 1 161 '
        f'92L161 115H107Z" fill="B" {_EDGE}/>'
    ),
    "soap": (
        f'<rect x="40" y="85" width="120" height="70" rx="26" fill="A" {_EDGE}/><rect '
        'x="65" y="105" '
        'width="70" height="30" rx="12" fill="B"/><g fill="#fff" stroke="#bcd"><circle cx="60" '
        'cy="62" r="12"/><circle cx="90" cy="48" r="17"/><circle cx="124" cy="64" r="10"/></g>'
    ),
    "sweets": (
        f'<g {_EDGE}><path d="M30 90L55 105V125L30 140ZM125 90L100 105V125L125 140Z" fill="B"/>'
        f'<circle cx="78" cy="115" r="28" fill="A"/><path d="M90 45L110 55V70L90 80ZM170 45L150 '
        '55V70L170 80Z" fill="B"/><circle cx="130" cy="62" r="23" fill="C"/></g>'
    ),
    "teapot": (
        '<path d="M55 85H135C150 140 125 160 95 160S40 140 55 85Z" fill="A" '
        f'{_EDGE}/><path d="M138 '
        f'110C160 105 160 80 178 78" stroke="A" stroke-width="13" {_LINE}/><path d="M52 '
        "95C20 90 20 "
        f'140 55 138" stroke="A" stroke-width="10" {_LINE}/><path d="M65 82C70 58 120 58 125 82Z" '
        f'fill="B" {_EDGE}/><circle cx="95" cy="56" r="8" fill="B"/>'
    ),
    "tin": (
        f'<rect x="50" y="60" width="100" height="112" fill="A" {_EDGE}/><ellipse cx="100" cy="60" '
        f'rx="50" ry="15" fill="B" {_EDGE}/><rect x="50" y="92" width="100" height="46" fill="B"/>'
        '<rect x="68" y="102" width="64" height="26" fill="C"/>'
    ),
    "towel": (
        f'<g {_EDGE}><rect x="40" y="125" width="120" height="36" rx="16" fill="A"/><rect x="40" '
        'y="87" width="120" height="36" rx="16" fill="B"/><rect x="40" y="49" width="120" '
        'height="36" rx="16" fill="A"/></g>'
    ),
    "garden-tools": (
        f'<path d="M60 30V110M140 30V110" stroke="B" stroke-width="11" {_LINE}/><path d="M40 '
        f'110H80L72 175L60 185L48 175Z" fill="A" {_EDGE}/><path d="M120 110H160V135C160 '
        "150 120 150 "
        f'120 135ZM125 145V178M140 148V182M155 145V178" fill="A" stroke="A" stroke-width="5"/>'
    ),
    "umbrella": (
        f'<path d="M25 105C30 25 170 25 175 105C160 92 140 92 125 105C112 92 88 92 75 105C60 92 40 '
        f'92 25 105Z" fill="A" {_EDGE}/><path d="M100 98V165C100 185 128 185 128 165" stroke="B" '
        f'stroke-width="7" {_LINE}/>'
    ),
    "vase": (
        f'<path d="M80 30H120V55C150 85 150 150 122 175H78C50 150 50 85 80 55Z" fill="A" {_EDGE}/>'
        '<path d="M60 100H140M62 128H138" stroke="B" stroke-width="8"/>'
    ),
    "wallet": (
        f'<rect x="35" y="55" width="130" height="95" rx="10" fill="A" {_EDGE}/><path '
        'd="M35 85H165" '
        f'stroke="B" stroke-width="4" stroke-dasharray="7 5"/><rect x="120" y="92" width="45" '
        f'height="28" rx="8" fill="B" {_EDGE}/>'
    ),
    "watch": (
        '<path d="M78 15H122L128 65H72ZM72 135H128L122 185H78Z" fill="A" '
        f'{_EDGE}/><circle cx="100" '
        f'cy="100" r="45" fill="B" {_EDGE}/><circle cx="100" cy="100" r="34" fill="#fdfdfb"/><path '
        f'd="M100 100V78M100 100L115 108" stroke="#333" stroke-width="5" {_LINE}/>'
    ),
}


def draw(kind: str, colours: Sequence[str], title: str) -> str:
    """Return the SVG text of a drawing. `kind` is in `DRAWINGS`, `colours` are in `PALETTE`."""
    filled = [PALETTE[colours[min(place, len(colours) - 1)]] for place in range(3)]
    shapes = DRAWINGS[kind]
    for letter, colour in zip("ABC", filled, strict=True):
        # In quotes: the same letters are commands inside a path.
        shapes = shapes.replace(f'"{letter}"', f'"{colour}"')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="400" height="400">'
        f'<title>{escape(title)}</title><rect width="200" height="200" fill="#f4efe3"/>'
        f"{shapes}</svg>\n"
    )
