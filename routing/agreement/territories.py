"""Territories: where a lead's company is, in the one way in which places are compared (case, accents, `län` and `county`)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from routing.model.records import Lead
from schemas import places
from schemas.market import Territory


class CompiledTerritory(NamedTuple):
    """Names as they are compared. What is empty asks for nothing."""

    countries: frozenset[str]
    regions: frozenset[str]
    cities: frozenset[str]
    postcodes: tuple[str, ...]


region_key = lru_cache(maxsize=2048)(places.region_key)
city_key = lru_cache(maxsize=2048)(places.city_key)


def compile_territory(file: Territory) -> CompiledTerritory:
    """A territory of the agreement, ready to be asked."""
    only = file.countries[0] if len(file.countries) == 1 else None
    return CompiledTerritory(
        frozenset(file.countries),
        frozenset(key for name in file.regions if (key := region_key(name, only)) is not None),
        frozenset(key for name in file.cities if (key := city_key(name)) is not None),
        file.postcodes,
    )


def is_there(lead: Lead, territory: CompiledTerritory) -> bool | None:
    """Whether the company is in the territory; None where something that decides it is not known."""
    country, place = _in_country(lead, territory), _in_any_place(lead, territory)
    if country is False or place is False:
        return False
    return None if country is None or place is None else True


def _in_country(lead: Lead, territory: CompiledTerritory) -> bool | None:
    if not territory.countries:
        return True
    return None if lead.company_country is None else lead.company_country in territory.countries


def _in_any_place(lead: Lead, territory: CompiledTerritory) -> bool | None:
    code, fits = lead.company_postcode, []
    if territory.regions:
        key = region_key(lead.company_region, lead.company_country)
        fits.append(None if key is None else key in territory.regions)
    if territory.cities:
        town = city_key(lead.company_city)
        fits.append(None if town is None else town in territory.cities)
    if territory.postcodes:
        fits.append(None if code is None else code.startswith(territory.postcodes))
    if not fits or True in fits:
        return True
    return None if None in fits else False
