# SPDX-License-Identifier: MIT
"""Validates a JSON file against a JSON schema: validate_json.py SCHEMA FILE

Prints one line. Exit status: 0 valid, 1 not valid, 2 a file cannot be read or the schema is wrong,
3 the package jsonschema is missing.
"""
import json
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(argv):
    if len(argv) != 3:
        print("usage: validate_json.py SCHEMA FILE")
        return 2
    try:
        import jsonschema
    except ImportError as error:
        print("Python package jsonschema is missing (%s)" % error)
        return 3
    try:
        schema, document = load(argv[1]), load(argv[2])
        validator_class = jsonschema.validators.validator_for(schema)
        validator_class.check_schema(schema)
    except (OSError, ValueError) as error:
        print("cannot read: %s" % error)
        return 2
    except jsonschema.SchemaError as error:
        print("the schema is wrong: %s: %s" % (error.json_path, " ".join(error.message.split())))
        return 2
    errors = list(validator_class(schema).iter_errors(document))
    if not errors:
        print("valid")
        return 0
    worst = jsonschema.exceptions.best_match(errors)
    print("%d errors, first %s: %s" % (len(errors), worst.json_path,
                                       " ".join(worst.message.split())[:300]))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
