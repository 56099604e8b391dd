#!/bin/sh
# What the recorder has to do under another kernel.
exec tests/Plumb.EndToEnd/bin/Debug/net10.0/Plumb.EndToEnd -noLogo -noColor -maxThreads 1 -class '*.TraceTests' -class '*.FlightRecorderTests' -class '*.StraceComparisonTests'
