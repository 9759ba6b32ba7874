# SPDX-License-Identifier: Apache-2.0
"""How like life the simulated municipality is: compared with measured homes and with published figures."""

from avlest.simulate.report.make import Report, make_report, write_report

__all__ = ["Report", "make_report", "write_report"]
