#!/usr/bin/env python3
"""Run every plan of docs/conformance.md against a running server and print one table.

  run_all.py [--suite URL] [--issuer URL] [--rotate COMMAND] [PLAN…]

PLAN is the name of a file in plans/ without its ending; all of them when none is
named.  Standard library only; run_plan.py runs each plan and leaves its results
in results/PLAN.json.
"""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Static clients only for one plan: the others register their clients themselves, as Dynamic Client Registration has it,
# and can run several modules at once.
PLANS = ["oidcc-config", "oidcc-basic", "oidcc-basic-dcr", "oidcc-implicit-dcr", "oidcc-hybrid-dcr",
         "oidcc-formpost-basic-dcr", "oidcc-formpost-implicit-dcr", "oidcc-formpost-hybrid-dcr", "oidcc-dynamic",
         "oidcc-3rdparty-init-login", "oidcc-rp-initiated-logout-dcr", "oidcc-session-management-dcr",
         "oidcc-frontchannel-logout-dcr", "oidcc-backchannel-logout-dcr", "oidcc-full-private-key-jwt"]
# These have a module that gives the server new keys; the others of the plan must not run in the middle of it.
ONE_BY_ONE = ["oidcc-dynamic", "oidcc-full-private-key-jwt"]
COLUMNS = ["PASSED", "FAILED", "WARNING", "REVIEW", "SKIPPED", "INTERRUPTED"]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--suite", default="https://suite.test:8443", help="base URL of the suite")
    ap.add_argument("--issuer", default="https://op.test:3000", help="the server under test")
    ap.add_argument("--rotate", default="countersign keys rotate --alg RS256 --now && sleep 2",
                    help="command that gives the server a new RS256 key; instances meet it within a second")
    ap.add_argument("--parallel", default="3", help="modules at once, where the plan registers its clients itself")
    ap.add_argument("plans", nargs="*", metavar="PLAN")
    opt = ap.parse_args()
    results = os.path.join(HERE, "results")
    os.makedirs(results, exist_ok=True)
    subprocess.run([sys.executable, os.path.join(HERE, "make_plans.py")], check=True)
    rows, bad = [], 0
    for plan in opt.plans or PLANS:
        out = os.path.join(results, plan + ".json")
        parallel = "1" if plan in ONE_BY_ONE else opt.parallel
        command = [sys.executable, os.path.join(HERE, "run_plan.py"), "--suite", opt.suite, "--out", out,
                   "--config", os.path.join(HERE, "plans", plan + ".json"), "--set", "ISSUER=" + opt.issuer,
                   "--parallel", parallel, "--hook", "oidcc-server-rotate-keys=" + opt.rotate]
        with open(os.path.join(results, plan + ".log"), "w", encoding="utf-8") as log:
            code = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        bad += code != 0
        if code == 2:
            rows.append("| %s | did not run; see results/%s.log |" % (plan, plan))
        else:
            with open(out, encoding="utf-8") as done:
                done = json.load(done)
            counts = [str(done["counts"].get(name, 0)) for name in COLUMNS]
            rows.append("| %s | %s | %ds |" % (plan, " | ".join(counts), done["seconds"]))
        print(rows[-1], flush=True)
    names = ["plan"] + [name.lower() for name in COLUMNS] + ["time"]
    print("\n| %s |\n|%s\n%s" % (" | ".join(names), " --- |" * len(names), "\n".join(rows)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
