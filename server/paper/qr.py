"""QR codes of links, as their modules. Pure."""

from reportlab.graphics.barcode import qrencoder


def qr_rows(text: str) -> list[str]:
    """Return the rows of a QR code of ``text`` at error correction level M, without its quiet border: "1" is
    a dark module, "0" a light one.
    """
    code = qrencoder.QRCode(None, qrencoder.QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    return ["".join("1" if dark else "0" for dark in row) for row in code.modules]
