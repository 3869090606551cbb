from .service import Encoding as Encoding
