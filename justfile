# Each step of `.ci/run` by name. `just` alone runs everything a change must pass.

# everything a change must pass
all:
    .ci/run

# a C compiler and certificates
tools:
    .ci/run tools

# formatting
fmt:
    .ci/run fmt

# no ignored code block, no skipped test
text:
    .ci/run text

# lints, warnings are errors
clippy:
    .ci/run clippy

# every feature of each crate alone, without, and where two meet
features:
    .ci/run features

# rustdoc without warnings
doc:
    .ci/run doc

# every crate can be packed, and what was packed compiles
package:
    .ci/run package

# all tests
test:
    .ci/run test

# what may be built in: bans, licences, sources
deny:
    .ci/run deny

# every recipe, with what it prints
recipes:
    .ci/run recipes

# the demo runs
demo:
    .ci/run demo

# HaloPSA clients that others wrote, against the sandbox
independent:
    .ci/run independent

# the report's page in a real browser
browser:
    .ci/run browser

# the book, into target/book
book:
    .ci/run book
