"""The numbers of a petition's signatures by region."""

from __future__ import annotations

from django.db import models

from petitions.models.petitions import Petition


class RegionTotal(models.Model):
    """The number of signatures confirmed here that came from a region, as readers see
    it: it follows in steps of ten or more, and "" has all others. It stays when the
    names are erased, and postal codes with them."""

    petition = models.ForeignKey(
        Petition, on_delete=models.PROTECT, related_name="region_totals"
    )
    region = models.CharField(
        max_length=6, blank=True, help_text="As petitions/regions.py has it."
    )
    number = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "region"], name="region_total_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.region}: {self.number}"
