{{ gate('clv') }}
