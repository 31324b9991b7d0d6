"""Print what would run now, and why. The rule `why` hands over the plan in words."""

if __name__ == "__main__":
    print(snakemake.params.text)
