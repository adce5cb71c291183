"""Golden .npy files, as numpy writes them: test/golden/npy. Usage: python npy.py (numpy 2.4)."""

from pathlib import Path

import numpy as np

folder = Path(__file__).parent / "npy"
folder.mkdir(exist_ok=True)
values = (np.arange(12).reshape(3, 4) - 5) / 8

np.save(folder / "f4.npy", values.astype("<f4"))
np.save(folder / "f2.npy", values.astype("<f2"))
np.save(folder / "f8.npy", values.astype("<f8"))
np.save(folder / "none.npy", np.zeros((0, 4), "<f4"))
np.save(folder / "fortran.npy", np.asfortranarray(values.astype("<f4")))
np.save(folder / "big-endian.npy", values.astype(">f4"))
np.save(folder / "integers.npy", values.astype("<i4"))
np.save(folder / "one-dimension.npy", values.astype("<f4").ravel())
np.save(folder / "three-dimensions.npy", values.astype("<f4").reshape(3, 2, 2))
np.save(folder / "fields.npy", np.zeros(2, [("a", "<f4"), ("b", "<i4")]))
np.save(folder / "objects.npy", np.array([[None]]), allow_pickle=True)
with open(folder / "version-2.npy", "wb") as file:
    np.lib.format.write_array(file, values.astype("<f4"), version=(2, 0))
