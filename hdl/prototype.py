"""Components that are emitted once, with the ports that they declare, and instantiated any number of times.

Amaranth emits a module for every instance of a component, and gives it ports for the nets that
happen to cross its border. A `Prototype` wraps one component whose module is emitted once, under a
fixed name and with its own ports; `instantiate` adds a reference to it. The generator collects
prototypes from the `prototypes` attribute of the components that use them.
"""

from amaranth import ClockSignal, Const, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

__all__ = ["Prototype", "ports_of"]


class Prototype:
    """A component and the name of the one Verilog module that describes it.

    Parameters
    ----------
    component : wiring.Component
    name : str
        Module name; equal names must mean equal components.
    has_clock : bool
        Whether the component has registers at all.
    has_reset : bool
        Whether the component has registers that need the synchronous reset.
    synthesis : wiring.Component, optional
        The same made of cells of one FPGA family: what synthesis reads in place of `component`.
    """

    def __init__(self, component: wiring.Component, name: str, *, has_clock: bool = True, has_reset: bool = False,
                 synthesis: wiring.Component | None = None):
        self.component = component
        self.name = name
        self.has_clock = has_clock
        self.has_reset = has_reset
        self.synthesis = synthesis

    def instantiate(self, m: Module, name: str, *, reset=None):
        """Add an instance called `name` to `m`; returns its ports as an interface object.

        `reset`: what resets it, in place of the reset of the clock domain.
        """
        interface = wiring.PureInterface(self.component.signature, path=(name,))
        ports = {}
        if self.has_clock:
            ports["i_clk"] = ClockSignal()
        if self.has_reset:
            ports["i_rst"] = ResetSignal() if reset is None else reset
        for port, flow, value in ports_of(self.component.signature, interface):
            ports[f"{'o' if flow == Out else 'i'}_{port}"] = value
        m.submodules[name] = Instance(self.name, **ports)
        return interface


def ports_of(signature: wiring.Signature, interface):
    """Verilog name, direction and value of each port of `interface`.

    The `ready` of a stream that never waits is a constant and no port; neither is a port of no bits.
    """
    for path, member, value in signature.flatten(interface):
        value = Value.cast(value)
        if not isinstance(value, Const) and len(value) > 0:
            yield "__".join(map(str, path)), member.flow, value
