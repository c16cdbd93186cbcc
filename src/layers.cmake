# The layers of src/, bottom to top: the only list of them. A file belongs to the longest layer whose folder holds it; a
# public header in include/netscope/X to core/X. A layer may include itself and the layers that it USES, which stand
# above it here; `face` is the public headers of the core. PORT names folders that do the same job, one for a native
# program and one for the browser. Who reads this says what netscope_layer() is to do: CMakeLists.txt beside it and
# dashboard/wasm/ build the layers, and tests/check/layers.py holds them to what they may include.
netscope_layer(core/base)
netscope_layer(core/crypto             USES core/base  PORT nettle browser)
netscope_layer(core/regex              USES core/base  PORT re2 browser)
netscope_layer(core/net                USES core/base)
netscope_layer(core/dpi                USES core/base core/net core/crypto)
netscope_layer(core/inspect            USES core/base core/net core/dpi)
netscope_layer(core/policy/sets        USES core/base core/net)
netscope_layer(core/policy/toml        USES core/base)
netscope_layer(core/policy/catalogue   USES core/base core/net core/policy/sets core/policy/toml)
netscope_layer(core/policy/settings    USES core/base core/net core/policy/toml)
netscope_layer(core/policy             USES core/base core/net core/dpi core/policy/sets core/policy/toml core/policy/catalogue
                                            core/policy/settings)
netscope_layer(core/flow               USES core/base core/net core/dpi core/inspect core/policy core/policy/catalogue)
netscope_layer(core/engine             USES core/base core/net core/dpi core/inspect core/policy core/policy/catalogue core/flow)
netscope_layer(core/capture            USES core/base core/net core/flow core/engine)
netscope_layer(core/output             USES core/base core/net core/dpi core/crypto core/policy core/policy/catalogue core/flow
                                            core/engine)
netscope_layer(core/view               USES core/base core/net core/dpi core/regex core/policy core/policy/catalogue core/flow
                                            core/engine core/capture core/output)
netscope_layer(linux/os                USES core/base)
netscope_layer(linux/nfq               USES core/base linux/os)
netscope_layer(linux/netfilter         USES core/base core/net core/policy/settings linux/os)
netscope_layer(tools                   USES core/base core/policy/catalogue)
netscope_layer(app                     USES face linux/os linux/nfq linux/netfilter)
