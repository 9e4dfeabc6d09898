# ruff: noqa: E501 - a car a line reads as the table that it is
"""The catalogue of the sample stock: cars sold in the United States, at round prices."""

from dataclasses import dataclass

TRIM_STEPS = (1.0, 1.09, 1.2, 1.35)
"""What each trim costs, in its order, as a multiple of the model's base price."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its base MSRP in dollars, how it is bought, and how well it keeps its value (1 is average)."""

    make: str
    wmi: str
    name: str
    body: str
    fuel: str
    base_dollars: int
    trims: tuple[str, str, str, str]
    popularity: float
    keeps: float = 1.0


MODELS = (
    Model("Toyota", "4T1", "Camry", "Sedan", "Gasoline", 28_400, ("LE", "SE", "XLE", "XSE"), 5, 1.12),
    Model("Toyota", "JTD", "Corolla", "Sedan", "Gasoline", 22_300, ("LE", "SE", "XLE", "XSE"), 5, 1.12),
    Model("Toyota", "2T3", "RAV4", "SUV", "Gasoline", 29_800, ("LE", "XLE", "Adventure", "Limited"), 6, 1.15),
    Model("Toyota", "5TD", "Highlander", "SUV", "Hybrid", 40_700, ("LE", "XLE", "Limited", "Platinum"), 3, 1.12),
    Model("Toyota", "3TY", "Tacoma", "Pickup", "Gasoline", 33_100, ("SR", "SR5", "TRD Sport", "Limited"), 4, 1.2),
    Model("Honda", "1HG", "Civic", "Sedan", "Gasoline", 24_600, ("LX", "Sport", "EX", "Touring"), 5, 1.12),
    Model("Honda", "1HG", "Accord", "Sedan", "Hybrid", 29_100, ("LX", "EX", "Sport-L", "Touring"), 4, 1.1),
    Model("Honda", "2HK", "CR-V", "SUV", "Gasoline", 30_600, ("LX", "EX", "EX-L", "Sport Touring"), 6, 1.13),
    Model("Honda", "5FN", "Odyssey", "Minivan", "Gasoline", 39_400, ("EX", "EX-L", "Touring", "Elite"), 2, 1.05),
    Model("Ford", "1FT", "F-150", "Pickup", "Gasoline", 39_200, ("XL", "XLT", "Lariat", "Platinum"), 8, 1.03),
    Model("Ford", "1FM", "Explorer", "SUV", "Gasoline", 38_900, ("Base", "XLT", "ST-Line", "Platinum"), 4, 0.95),
    Model("Ford", "1FM", "Escape", "SUV", "Gasoline", 30_100, ("Active", "ST-Line", "ST-Line Select", "Platinum"), 4, 0.9),
    Model("Ford", "1FA", "Mustang", "Coupe", "Gasoline", 33_400, ("EcoBoost", "Premium", "GT", "GT Premium"), 2),
    Model("Chevrolet", "1GC", "Silverado 1500", "Pickup", "Gasoline", 38_800, ("WT", "LT", "RST", "LTZ"), 7, 1.02),
    Model("Chevrolet", "3GN", "Equinox", "SUV", "Gasoline", 29_700, ("LS", "LT", "RS", "Premier"), 5, 0.9),
    Model("Chevrolet", "1GN", "Tahoe", "SUV", "Gasoline", 59_400, ("LS", "LT", "Z71", "High Country"), 2, 1.04),
    Model("Chevrolet", "1G1", "Malibu", "Sedan", "Gasoline", 26_200, ("LS", "RS", "LT", "2LT"), 3, 0.88),
    Model("Nissan", "1N4", "Altima", "Sedan", "Gasoline", 27_100, ("S", "SV", "SR", "SL"), 4, 0.87),
    Model("Nissan", "5N1", "Rogue", "SUV", "Gasoline", 29_300, ("S", "SV", "SL", "Platinum"), 5, 0.9),
    Model("Nissan", "3N1", "Sentra", "Sedan", "Gasoline", 21_800, ("S", "SV", "SR", "SR Premium"), 3, 0.9),
    Model("Hyundai", "5NP", "Elantra", "Sedan", "Gasoline", 22_100, ("SE", "SEL", "N Line", "Limited"), 4, 0.93),
    Model("Hyundai", "5NM", "Tucson", "SUV", "Hybrid", 33_500, ("Blue", "SEL", "N Line", "Limited"), 4, 0.96),
    Model("Hyundai", "KM8", "Ioniq 5", "SUV", "Electric", 43_200, ("SE", "SEL", "XRT", "Limited"), 2, 0.72),
    Model("Kia", "KND", "Sportage", "SUV", "Gasoline", 28_600, ("LX", "EX", "SX", "X-Pro"), 4, 0.95),
    Model("Kia", "5XY", "Telluride", "SUV", "Gasoline", 37_200, ("LX", "S", "EX", "SX"), 3, 1.08),
    Model("Jeep", "1C4", "Grand Cherokee", "SUV", "Gasoline", 40_900, ("Laredo", "Altitude", "Limited", "Summit"), 4, 0.92),
    Model("Jeep", "1C4", "Wrangler", "SUV", "Gasoline", 36_300, ("Sport", "Willys", "Sahara", "Rubicon"), 3, 1.14),
    Model("Ram", "1C6", "1500", "Pickup", "Gasoline", 41_200, ("Tradesman", "Big Horn", "Laramie", "Limited"), 5),
    Model("GMC", "1GT", "Sierra 1500", "Pickup", "Diesel", 43_600, ("Pro", "SLE", "SLT", "Denali"), 3, 1.04),
    Model("Subaru", "JF2", "Forester", "SUV", "Gasoline", 30_100, ("Base", "Premium", "Sport", "Touring"), 3, 1.08),
    Model("Subaru", "4S4", "Outback", "Wagon", "Gasoline", 30_900, ("Base", "Premium", "Limited", "Touring"), 3, 1.06),
    Model("Mazda", "JM3", "CX-5", "SUV", "Gasoline", 30_200, ("Select", "Preferred", "Carbon", "Signature"), 3, 1.01),
    Model("Volkswagen", "3VW", "Jetta", "Sedan", "Gasoline", 22_900, ("S", "Sport", "SE", "SEL"), 2, 0.9),
    Model("Volkswagen", "1V2", "Atlas", "SUV", "Gasoline", 38_400, ("SE", "SE Tech", "SEL", "SEL Premium"), 2, 0.92),
    Model("BMW", "WBA", "3 Series", "Sedan", "Gasoline", 46_200, ("330i", "330i xDrive", "M340i", "M340i xDrive"), 2, 0.86),
    Model("BMW", "5UX", "X5", "SUV", "Gasoline", 66_300, ("sDrive40i", "xDrive40i", "xDrive50e", "M60i"), 1, 0.85),
    Model("Mercedes-Benz", "W1K", "C-Class", "Sedan", "Gasoline", 48_100, ("C 300", "C 300 4MATIC", "AMG C 43", "AMG C 63"), 1, 0.84),
    Model("Lexus", "2T2", "RX", "SUV", "Hybrid", 51_200, ("350", "350 Premium", "350h", "500h"), 2, 1.1),
    Model("Tesla", "5YJ", "Model 3", "Sedan", "Electric", 40_200, ("Standard", "Long Range", "AWD", "Performance"), 3, 0.78),
    Model("Tesla", "7SA", "Model Y", "SUV", "Electric", 45_100, ("Standard", "Long Range", "AWD", "Performance"), 3, 0.8),
)  # fmt: skip

COLORS = ("Black", "White", "Gray", "Silver", "Blue", "Red", "Green", "Brown")
INTERIORS = ("Black", "Gray", "Beige", "Brown")
