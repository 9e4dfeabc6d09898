"""QR codes of links, as their modules. One function for a computing process. Pure."""


def qr_rows(text: str) -> list[str]:
    """Return the rows of a QR code of ``text`` at error correction level M, without its quiet border: "1" is
    a dark module, "0" a light one.
    """
    # The library takes a web process longer to load than the code takes to draw.
    from reportlab.graphics.barcode import qrencoder

    code = qrencoder.QRCode(None, qrencoder.QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    return ["".join("1" if dark else "0" for dark in row) for row in code.modules]
