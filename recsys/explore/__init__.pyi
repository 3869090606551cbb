from .insights_json import anomalies_object as anomalies_object
from .insights_json import tags_object as tags_object
from .json import cluster_object as cluster_object
from .json import clusters_object as clusters_object
from .json import directions_object as directions_object
from .json import map_object as map_object
from .json import segment_object as segment_object
from .json import segments_object as segments_object
