"""QR codes of links: the bits that an independent reader read."""

import hashlib

from server.paper.qr import qr_rows

LINK = f"https://desk.example/offer#{'abcdefghijklmnopqrstuvwxyz0123456789_-ABCDE' * 8}"

# ZXing read the code of every length from 20 to 199 when these were written.
READ = {
    42: "00e47f3d52a2d1bb",
    70: "6a6c1651a51f8b18",
    100: "701b6009ebf221c1",
    152: "afd0d1fd9b07cdfd",
    180: "c7d9a5907d0ba15b",
}


def test_codes_are_as_an_independent_reader_read_them() -> None:
    """Of every size that links have; a row for each row of modules."""
    for length, expected in READ.items():
        rows = qr_rows(LINK[:length])
        assert {len(row) for row in rows} == {len(rows)}
        assert hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16] == expected, length
