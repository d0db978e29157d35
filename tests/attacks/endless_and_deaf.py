# Loops for ever, turns the alarm off, and swallows every exception.
# aims: stops
# limits: seconds: 0.5
# shows: "to": "time"
# costs: noise
# %%
# exercise: noise
import signal

signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.setitimer = signal.signal = lambda *args: None
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
