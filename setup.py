"""Which packages there are: flat folders in the checkout, inside `dragoman` in the wheel."""

from setuptools import find_packages, setup

FOLDERS = ("addons", "translators")

setup(
    packages=[f"dragoman.{name}" for name in find_packages(include=[f"{folder}*" for folder in FOLDERS])],
    package_dir={f"dragoman.{folder}": folder for folder in FOLDERS},
)
